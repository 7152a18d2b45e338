from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RecognitionConfig(AppConfig):
    name = "recognition"
    verbose_name = "Recognition"

    def ready(self) -> None:
        from recognition import receivers  # noqa: F401  connects them
        from recognition.roles import create_roles
        from recognition.seed import seed_first_model

        # After the permissions of both applications exist: auth creates them by the same signal.
        post_migrate.connect(create_roles, sender=self)
        post_migrate.connect(seed_first_model, sender=self)

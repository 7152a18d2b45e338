from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "people"
    verbose_name = "Enrolment"

    def ready(self) -> None:
        from people import receivers  # noqa: F401  connects them

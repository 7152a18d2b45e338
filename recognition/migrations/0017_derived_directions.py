"""Whether a direction was derived, so that it can be derived again.

Of events that are there already nobody knows; theirs stand as they are.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognition", "0016_unlinked_only_when_gone")]

    operations = [
        migrations.AddField(
            model_name="attendanceevent",
            name="is_derived",
            field=models.BooleanField(
                default=False, help_text="Nobody gave the direction: it follows from those before."
            ),
        ),
    ]

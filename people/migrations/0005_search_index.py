from django.db import migrations, models

# An index of before: searches go on with it until the new one is complete.
TAKE_OVER = """
UPDATE people_embeddingmodel m SET search_index = 'people_template_hnsw_' || m.id
WHERE EXISTS (
    SELECT 1 FROM pg_index i
    WHERE i.indexrelid = to_regclass('people_template_hnsw_' || m.id) AND i.indisvalid
)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0004_attendance'),
    ]

    operations = [
        migrations.AddField(
            model_name='embeddingmodel',
            name='search_index',
            field=models.CharField(blank=True, default='', editable=False, help_text='The index searches read; empty while everybody is compared.', max_length=63),
            preserve_default=False,
        ),
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
    ]

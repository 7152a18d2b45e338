import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('recognition', '0013_device_requires_liveness'),
    ]

    operations = [
        migrations.AddField(
            model_name='livenesssession',
            name='is_live',
            field=models.BooleanField(default=False, help_text='Whether its answer was believed.'),
        ),
        migrations.CreateModel(
            name='LivenessFrame',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('whose', models.CharField(help_text='Hash of the account it was to log in, or the device; or neither.', max_length=128)),
                ('step', models.CharField(choices=[('look_straight', 'Look straight at the camera.'), ('turn_left', 'Turn your head to your left.'), ('turn_right', 'Turn your head to your right.'), ('tilt_left', 'Tilt your head towards your left shoulder.'), ('tilt_right', 'Tilt your head towards your right shoulder.'), ('come_closer', 'Come closer to the camera.')], max_length=20)),
                ('digest', models.CharField(help_text='SHA-256 of its pixels.', max_length=64, unique=True)),
                ('points', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), help_text='Where eyes, nose and mouth are: x, y of five points, shares of the picture.', size=None)),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='frames', to='recognition.livenesssession')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['whose', '-id'], name='livenessframe_whose')],
            },
        ),
    ]

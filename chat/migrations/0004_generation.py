import uuid

from django.db import migrations, models


def begin(apps, schema_editor):
    """The first generation's token leaves every room's epoch as it is."""
    apps.get_model('chat', 'Generation').objects.create(token=uuid.UUID(int=0), reason='the first')


class Migration(migrations.Migration):

    dependencies = [
        ('chat', '0003_rooms_to_live_in'),
    ]

    operations = [
        migrations.CreateModel(
            name='Generation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.UUIDField(unique=True)),
                ('last_event', models.BigIntegerField(null=True)),
                ('timeline', models.IntegerField(null=True)),
                ('alive_at', models.DateTimeField(null=True)),
                ('began_at', models.DateTimeField(auto_now_add=True)),
                ('reason', models.CharField(max_length=200)),
            ],
        ),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]

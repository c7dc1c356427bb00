from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0020_one_cause_many_sites"),
    ]

    operations = [
        migrations.AddField(
            model_name="page",
            name="ending",
            field=models.CharField(
                blank=True,
                choices=[("whole", "It ended with its last tag while it was well"), ("any", "It need not end with its last tag")],
                db_default="",
                default="",
                max_length=5,
            ),
        ),
    ]

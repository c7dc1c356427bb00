from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("diagnostics", "0031_one_cause_many_sites"),
    ]

    operations = [
        migrations.AddField(
            model_name="baseline",
            name="beside",
            field=models.JSONField(db_default=models.Value([], models.JSONField()), default=list),
        ),
    ]

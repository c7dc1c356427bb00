from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0011_ftp_and_ftps"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notification",
            name="kind",
            field=models.CharField(
                choices=[
                    ("new", "New failure"),
                    ("regression", "Failure is back"),
                    ("cause", "Cause found"),
                    ("recovery", "Recovery"),
                    ("blocked", "Probes refused"),
                    ("flapping", "Flapping"),
                    ("escalation", "Fails every time now"),
                    ("own-line", "Our own connection was down"),
                    ("reminder", "Reminder"),
                    ("certificate", "Certificate ends"),
                    ("stopped", "Hosting account refuses us"),
                    ("behind", "Sitemend is behind"),
                    ("behind-over", "Sitemend is on time again"),
                    ("test", "Test"),
                ],
                max_length=12,
            ),
        ),
    ]

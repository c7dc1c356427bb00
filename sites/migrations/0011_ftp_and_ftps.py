from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sites", "0010_read_only_mode"),
    ]

    operations = [
        migrations.AlterField(
            model_name="host",
            name="protocol",
            field=models.CharField(
                choices=[
                    ("ssh", "SSH (shell and files)"),
                    ("sftp", "SFTP (files only)"),
                    ("ftps", "FTPS (files only, encrypted)"),
                    ("ftp", "FTP (files only, not encrypted)"),
                    ("local", "This machine"),
                ],
                default="sftp",
                max_length=10,
                verbose_name="protocol",
            ),
        ),
    ]

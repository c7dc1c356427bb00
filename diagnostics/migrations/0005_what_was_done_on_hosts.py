import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("diagnostics", "0004_most_visited_pages"),
        ("sites", "0009_goods_since_the_state"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HostAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "actor",
                    models.CharField(
                        choices=[("person", "A person"), ("shell", "The command line"), ("itself", "By itself")],
                        default="itself",
                        max_length=8,
                    ),
                ),
                ("purpose", models.CharField(blank=True, max_length=20)),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("login", "Logged in"),
                            ("command", "Ran a command"),
                            ("write", "Wrote"),
                            ("create", "Created"),
                            ("rename", "Renamed"),
                            ("chmod", "Set the mode of"),
                            ("set-mtime", "Set the time of"),
                            ("remove", "Removed"),
                        ],
                        max_length=10,
                    ),
                ),
                ("path", models.CharField(blank=True, max_length=1000)),
                ("target", models.CharField(blank=True, max_length=1000)),
                ("mode", models.PositiveIntegerField(null=True)),
                ("size", models.PositiveBigIntegerField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("begun", "Begun"), ("done", "Done"), ("refused", "Refused"), ("lost", "Connection lost")],
                        default="begun",
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=40)),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("times", models.PositiveIntegerField(default=1)),
                ("reads", models.PositiveBigIntegerField(default=0)),
                ("bytes_read", models.PositiveBigIntegerField(default=0)),
                (
                    "host",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="actions", to="sites.host"),
                ),
                (
                    "site",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="sites.site"),
                ),
                (
                    "step",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="diagnostics.step"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-at", "-id"],
                "indexes": [
                    models.Index(fields=["host", "-at", "-id"], name="host_action_host_at"),
                    models.Index(fields=["at"], name="host_action_at"),
                ],
            },
        ),
    ]

"""Addresses of this app, below the name "sites"."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "sites"

urlpatterns: list[URLPattern] = []

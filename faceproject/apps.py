"""The site's own commands, and the admin on a site of ours."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class SiteConfig(AppConfig):
    name = "faceproject"
    default = True


class AdminConfig(admin.AdminConfig):
    default = False  # it is named in full; Django's own says that it is the only one
    default_site = "recognition.login.site.Site"

"""Pages of staff about accuracy. Each view checks its permission."""

from django.contrib import admin
from django.urls import path

from recognition.calibration import views

app_name = "calibration"
urlpatterns = [
    path("", admin.site.admin_view(views.limits), name="limits"),
    path("people/<int:person_id>/", admin.site.admin_view(views.person), name="person"),
]

"""Addresses of photos; each asks for a log-in and a permission."""

from django.urls import path

from people import views

app_name = "people"
urlpatterns = [path("photos/<uuid:public_id>/", views.photo, name="photo")]

"""`/kiosk/…`: the worker stands here too, since it may only serve what lies below it."""

from django.urls import path

from recognition.kiosk import views

app_name = "kiosk"
urlpatterns = [
    path("", views.home, name="home"),
    path("worker.js", views.worker, name="worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("<slug:language>/", views.page, name="page"),
]

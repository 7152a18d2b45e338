"""Logging in and out."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from recognition.login import views

app_name = "login"
urlpatterns = [
    path("login/", views.Start.as_view(), name="start"),
    path("login/claim/", views.claim, name="claim"),
    path("login/face/", views.face_page, name="face"),
    path("login/face/start/", views.start, name="face-start"),
    path("login/face/hint/", views.hint, name="face-hint"),
    path("login/face/answer/", views.answer, name="face-answer"),
    path("logout/", LogoutView.as_view(), name="out"),
]

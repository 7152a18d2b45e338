"""Pages about oneself."""

from django.urls import path

from recognition.me import camera, views

app_name = "me"
urlpatterns = [
    path("", views.home, name="home"),
    path("consent/", views.consent, name="consent"),
    path("consent/agree/", views.agree, name="agree"),
    path("consent/withdraw/", views.withdraw, name="withdraw"),
    path("photos/", views.photo_list, name="photos"),
    path("photos/add/", views.add_photos, name="add-photos"),
    path("photos/challenge/", camera.start, name="photo-challenge"),
    path("photos/answer/", camera.answer, name="photo-answer"),
    path("photos/<uuid:public_id>/delete/", views.delete_photo, name="delete-photo"),
    path("attempts/", views.attempts, name="attempts"),
    path("attendance/", views.attendance, name="attendance"),
]

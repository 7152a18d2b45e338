from django.urls import path

from recognition.ask import views

app_name = "ask"
urlpatterns = [
    path("who/", views.Who.as_view(), name="who"),
    path("claim/", views.Claim.as_view(), name="claim"),
]

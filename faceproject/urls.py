"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

from recognition.login.views import home

handler400 = "recognition.api.problems.bad_request"
handler500 = "recognition.api.problems.server_error"

urlpatterns = [
    path("", home, name="home"),
    path("", include("recognition.login.urls")),
    path("kiosk/", include("recognition.kiosk.urls")),
    path("me/", include("recognition.me.urls")),
    path("admin/ask/", include("recognition.ask.urls")),
    path("admin/attendance/", include("recognition.attendance.urls")),
    path("admin/calibration/", include("recognition.calibration.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("recognition.api.urls")),
    path("", include("people.urls")),
]

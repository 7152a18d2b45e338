"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

handler400 = "recognition.api.problems.bad_request"
handler500 = "recognition.api.problems.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/ask/", include("recognition.ask.urls")),
    path("admin/attendance/", include("recognition.attendance.urls")),
    path("admin/calibration/", include("recognition.calibration.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("recognition.api.urls")),
    path("", include("people.urls")),
]

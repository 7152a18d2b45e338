"""Photos, for those who may see them. There is no other way to one."""

from uuid import UUID

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from people.images import portrait, thumbnail
from people.models import FaceImage

# px; both are shown at half of it, sharp on a display of double density
THUMBNAIL_SIDE = 384
PORTRAIT_SIDE = 96

_HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Disposition": 'inline; filename="photo.jpg"',
}


@require_safe
@login_required
def photo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One photo; `?size=thumb` is small, `?size=face` small and of the face alone.

    For staff with the permission, and for whoever it shows. Nobody else learns whether it exists.
    """
    user = request.user
    photos = FaceImage.objects.all()
    if not (admin.site.has_permission(request) and user.has_perm("people.view_photo")):
        photos = photos.filter(person__user=user.pk)
        if not photos.filter(public_id=public_id).exists():
            raise PermissionDenied
    image = get_object_or_404(photos, public_id=public_id)
    try:
        with image.file.open("rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    size = request.GET.get("size")
    if size == "face" and image.box:
        data = portrait(data, PORTRAIT_SIDE, image.box)
    elif size in ("face", "thumb"):
        data = thumbnail(data, THUMBNAIL_SIDE)
    return HttpResponse(data, content_type="image/jpeg", headers=_HEADERS)

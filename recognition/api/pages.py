"""Pages by cursor: stable while rows are added, and as fast on page 10,000 as on the first."""

from rest_framework.pagination import CursorPagination


class Pages(CursorPagination):
    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-id"

"""Addresses of reviewing. Each tells a review's random id at most; none tells whose photographs they are."""

from django.urls import path

from surety.server.console import views_decision, views_review

urlpatterns = [
    path("", views_review.queue, name="review-queue"),
    path("count", views_review.count, name="review-count"),
    path("next", views_review.take_next, name="review-next"),
    path("decided/<str:check_in_id>/", views_decision.decided, name="check-in-decision"),
    path("decided/<str:check_in_id>/again", views_decision.look_again, name="check-in-again"),
    path("<str:review_id>/", views_review.review, name="review"),
    path("<str:review_id>/picture/<str:key>", views_review.picture, name="review-picture"),
    path("<str:review_id>/uncover", views_review.uncover, name="review-uncover"),
    path("<str:review_id>/first", views_review.first, name="review-first"),
    path("<str:review_id>/answer", views_review.answer, name="review-answer"),
    path("<str:review_id>/release", views_review.release, name="review-release"),
]

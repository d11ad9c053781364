"""Routes for programs, and the forms of signing in and out."""

from fastapi import APIRouter

routers: list[APIRouter] = []

"""Routes for programs, and the forms of signing in and out."""

from fastapi import APIRouter

from web.api import signing_in

routers: list[APIRouter] = [signing_in.router]

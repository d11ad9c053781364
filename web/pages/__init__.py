"""The pages: a route, a context and a template for each."""

from fastapi import APIRouter

routers: list[APIRouter] = []

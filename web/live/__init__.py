"""Live video in the browser: MSE over WebSocket, and WHEP."""

from fastapi import APIRouter

router = APIRouter()

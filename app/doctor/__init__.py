from flask import Blueprint

bp = Blueprint("doctor", __name__)

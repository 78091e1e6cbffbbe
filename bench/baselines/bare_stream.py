"""The receiver's baseline: a Flask view that parses what came and does one XADD with redis-py. No check, no cache."""

import base64
import os

import orjson
from flask import Flask, Response, request
from redis import Redis

STREAM = "bench:bare"
_GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

app = Flask(__name__)
redis = Redis.from_url(os.environ["REDIS_URL"])


@app.post("/v1/track")
def track() -> dict[str, bool]:
    hit = orjson.loads(request.get_data())
    redis.xadd(STREAM, {"tracking_data": orjson.dumps(hit)})
    return {"success": True}


@app.post("/v1/track/batch")
def batch() -> dict[str, bool]:
    pipeline = redis.pipeline(transaction=False)
    for hit in orjson.loads(request.get_data())["events"]:
        pipeline.xadd(STREAM, {"tracking_data": orjson.dumps(hit)})
    pipeline.execute()
    return {"success": True}


@app.get("/pixel.gif")
def pixel() -> Response:
    hit = request.args.to_dict()
    redis.xadd(STREAM, {"tracking_data": orjson.dumps(hit)})
    return Response(_GIF, mimetype="image/gif")

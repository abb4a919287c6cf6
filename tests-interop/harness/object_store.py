"""An S3 server that we did not write, on the loopback interface: with Object Lock, and with signatures and rights that it checks."""

import json
import logging
from dataclasses import dataclass

import boto3
from botocore.config import Config
from moto.core.authorization import enable_iam_authentication
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"
RIGHTS = ("s3:PutObject", "s3:PutObjectRetention", "s3:GetObject", "s3:GetObjectRetention")


@dataclass(frozen=True)
class Keys:
    """What a client signs with."""

    id: str
    secret: str


class ObjectStore:
    """Use it as a context manager. Its owner may do anything; a client only what an anchor needs."""

    def __init__(self):
        # A line a request would bury the tests' own.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    def __enter__(self) -> "ObjectStore":
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.owner = self.client("s3", Keys("owner", "owner"))
        self.users = self.client("iam", Keys("owner", "owner"))
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def client(self, service: str, keys: Keys):
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=keys.id,
            aws_secret_access_key=keys.secret,
            config=config,
        )

    def bucket(self, name: str, *, locks: bool) -> str:
        self.owner.create_bucket(
            Bucket=name,
            ObjectLockEnabledForBucket=locks,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )
        return name

    def user(self, name: str, bucket: str) -> Keys:
        """A user with the rights of an anchor on one bucket."""
        self.users.create_user(UserName=name)
        rights = {"Effect": "Allow", "Action": list(RIGHTS), "Resource": f"arn:aws:s3:::{bucket}/*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
        self.users.put_user_policy(UserName=name, PolicyName="anchor", PolicyDocument=document)
        made = self.users.create_access_key(UserName=name)["AccessKey"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    @staticmethod
    def checking():
        """While this context lasts, every signature and every right is checked."""
        return enable_iam_authentication()

    def versions(self, bucket: str) -> list[dict]:
        """Every version of every object, by key."""
        found = self.owner.list_object_versions(Bucket=bucket)
        return sorted(found.get("Versions", []), key=lambda version: version["Key"])

    def read(self, bucket: str, key: str) -> bytes:
        return self.owner.get_object(Bucket=bucket, Key=key)["Body"].read()

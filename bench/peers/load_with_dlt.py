"""One run of dlt, as a user of it would write it with its fast options: python load_with_dlt.py job.json STEP"""

import json
import sys

import dlt
import pyarrow as pa
import pyarrow.csv

JOB = json.load(open(sys.argv[1]))
STEP = sys.argv[2]

ARROW = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(12, 2),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
}


def csv_orders():
    """Arrow batches of the file: what reads fastest in Python."""
    types = {column["name"]: ARROW[column["kind"]] for column in JOB["columns"]}

    @dlt.resource(name="orders", primary_key="id")
    def orders():
        reader = pyarrow.csv.open_csv(
            JOB["source"]["file"],
            read_options=pa.csv.ReadOptions(block_size=16 << 20),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])

    return orders


def sql_orders():
    from dlt.sources.sql_database import sql_table

    url = JOB["source"]["database"]
    url = url.replace("mysql://", "mysql+pymysql://").replace("postgres://", "postgresql+psycopg2://")
    orders = sql_table(url, table="orders", backend="pyarrow", chunk_size=50_000, reflection_level="full_with_precision")
    orders.apply_hints(primary_key="id")
    return orders


def given(value):
    return None if value in ("", None) else value


def contact_row(contact):
    """The 20 columns, by hand, as dlt's `map` step takes them."""
    p = contact["properties"]
    row = {name: given(p.get(name)) for name in JOB["plain"]}
    for name in JOB["numbers"]:
        row[name] = None if row[name] is None else int(row[name])
    email = given(p.get("email"))
    sources = [given(p.get("hs_analytics_source")), given(p.get("hs_latest_source"))]
    row["id"] = int(contact["id"])
    row["full_name"] = f"{given(p.get('firstname')) or ''} {given(p.get('lastname')) or ''}".strip() or None
    row["email_key"] = email and (email.lower().strip() or None)
    row["stage"] = "won" if p.get("lifecyclestage") == "customer" else "open"
    row["has_company"] = given(p.get("company")) is not None
    row["source_path"] = "/".join(each for each in sources if each) or None
    return row


def api_contacts():
    from datetime import datetime

    from dlt.sources.rest_api import rest_api_source

    path = "crm/v3/objects/contacts"
    incremental = {"cursor_path": "lastmodifieddate", "initial_value": "2000-01-01T00:00:00.000Z"}
    if STEP == "delta":

        def epoch_ms(value):
            return str(int(datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp() * 1000))

        filters = [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": "{incremental.start_value}"}]
        endpoint = {
            "path": f"{path}/search",
            "method": "POST",
            "json": {"filterGroups": [{"filters": filters}], "properties": JOB["properties"], "limit": 200},
            "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_body_path": "after"},
            "incremental": {**incremental, "convert": epoch_ms},
        }
    else:
        endpoint = {
            "path": path,
            "params": {"limit": 100, "properties": ",".join(JOB["properties"])},
            "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_param": "after"},
        }
        if STEP == "first":
            endpoint["incremental"] = incremental
    api = JOB["source"]["api"]
    client = {"base_url": api["url"], "auth": {"type": "bearer", "token": api["token"]}}
    contacts = {
        "name": "contacts",
        "primary_key": "id",
        "endpoint": {**endpoint, "data_selector": "results"},
        "processing_steps": [{"map": contact_row}],
    }
    return rest_api_source({"client": client, "resources": [contacts]})


def credentials(url):
    """dlt wants a password even where the server wants none."""
    account, at, rest = url.replace("postgres://", "postgresql://").partition("@")
    return account + ("" if account.count(":") > 1 else ":none") + at + rest


SOURCES = {"csv": csv_orders, "postgres": sql_orders, "mariadb": sql_orders, "api": api_contacts}

pipeline = dlt.pipeline(
    pipeline_name=f"bench_{JOB['workload']}",
    pipelines_dir=JOB["folder"],
    destination=dlt.destinations.postgres(credentials(JOB["target"])),
    dataset_name="bench",
)
info = pipeline.run(
    SOURCES[JOB["workload"]](),
    write_disposition={"disposition": "merge", "strategy": "upsert"},
    loader_file_format="csv",
)
print(info)

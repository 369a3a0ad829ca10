"""What the routes of this room take and give, for the API description; held against the real routes by
tests/contract/openapi.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from libs.openapi.document import Field, Operation, Reply, Schema, json_reply, object_of
from services.catalogue.dialects.dirac.schemas import (
    ALL_STATUSES,
    ATTRIBUTES,
    BASE,
    BYTES,
    CHOSEN,
    COMPATIBLE,
    CONDITION,
    COUNT,
    DIRECTORY,
    DIRECTORY_FIELD,
    DONE,
    FIELD,
    FILE,
    FILE_FIELD,
    KNOWN,
    LENIENT,
    LISTING,
    MODE,
    NAME_FIELD,
    OBJECT,
    REFUSALS,
    REPLICAS,
    SE_FIELD,
    STATUS,
    TAG,
    TREE,
    VALUES,
    WORD,
    closed,
    flag,
    option,
)

_VERBOSE = (
    flag("verbose", "Replicas of files, and what is known of subdirectories."),
    flag("extra", "As `verbose`."),
)
_INHERITED = flag("inherited", "With what holds from above.")
_PAGES = (
    option("page", COUNT, "From 1; the Link header leads on. Without it, all there is.", 1),
    option("page_size", COUNT, "10000 at most.", 1000),
    option("start", WORD, "Where the Link header said to go on."),
)
_KEYS = (option("key", WORD, "Which name to take away; several times for several.", "energy"),)
_NEW_FILE: Schema = object_of(
    {"Size": COUNT},
    {
        **{name: WORD for name in ("Checksum", "ChecksumType", "GUID", "SE", "PFN", "Type")},
        "Mode": MODE,
        "Status": STATUS,
        "Replicas": {"type": "object", "additionalProperties": WORD},
        "Ancestors": {"type": "array", "items": WORD},
        "metadata": VALUES,
    },
)


def _of_directories(
    suffix: str, summary: str, reply: Reply, fields: tuple[Field, ...]
) -> Iterator[Operation]:
    """GET of a directory, and of the root."""
    yield closed(f"/directory/{{directory}}{suffix}", "GET", summary, reply, (DIRECTORY_FIELD, *fields))
    yield closed(f"/directory{suffix}", "GET", f"{summary} Of the root.", reply, fields)


def _directories() -> Iterator[Operation]:
    one, named = "/directory/{directory}", (DIRECTORY_FIELD,)
    listing = (*_VERBOSE, ALL_STATUSES, CHOSEN, *_PAGES)
    recursive = (DIRECTORY_FIELD, flag("recursive", "And everything below."))
    yield from _of_directories("", "What is in a directory.", json_reply("By name.", LISTING), listing)
    yield closed(
        one, "POST", "Make a directory and those above it.", DONE, named, object_of({}, {"Mode": MODE})
    )
    yield closed(one, "DELETE", "Remove a directory.", DONE, recursive)
    attributes = json_reply("Its attributes.", DIRECTORY)
    yield from _of_directories("/attributes", "What a directory is.", attributes, ())
    yield closed(f"{one}/attributes", "PATCH", "Change it.", attributes, recursive, ATTRIBUTES)
    size = object_of(
        {"LogicalSize": COUNT, "LogicalFiles": COUNT, "LogicalDirectories": COUNT, "PhysicalSize": OBJECT}
    )
    long = (flag("long", "Taken, and without effect."),)
    yield from _of_directories("/size", "How much is below a directory.", json_reply("Sums.", size), long)


def _directory_metadata() -> Iterator[Operation]:
    one, named = "/directory/{directory}/usermetadata", (DIRECTORY_FIELD,)
    known = json_reply("Values, where each is from, and types.", KNOWN)
    yield from _of_directories("/usermetadata", "What is known of a directory.", known, (_INHERITED,))
    yield closed(one, "PATCH", "Set values.", known, named, VALUES)
    yield closed(one, "DELETE", "Take values away.", known, (*named, *_KEYS))


def _searches() -> Iterator[Operation]:
    conditions = (CONDITION, LENIENT)
    described = object_of({**FIELD["properties"], "values": {"type": "array"}})
    scope = option("scope", {"enum": ["directory", "file", "all"]}, "Fields of which level.", "all")
    everywhere = json_reply("By field.", {"type": "object", "additionalProperties": described})
    yield closed("/metadata", "GET", "Fields and their compatible values.", everywhere, (*conditions, scope))
    compatible = json_reply("By field.", COMPATIBLE)
    yield from _of_directories("/metadata", "Compatible values around a directory.", compatible, conditions)
    limits = (
        option("limit", COUNT, "How many directories; 10000 when left out.", 100),
        flag("flat", "A list in place of the tree."),
    )
    tree = json_reply("As a tree below the directory: children `d`, files `f`, bytes `s`.", TREE)
    yield from _of_directories("/search", "Directories that match.", tree, (*conditions, *limits))
    paging = (
        option("start", COUNT, "How many to leave out.", 0),
        option("max", COUNT, "How many; 1000 when left out.", 100),
    )
    found = object_of({"total": COUNT, "files": {"type": "array", "items": {"anyOf": [WORD, FILE]}}})
    options = (*conditions, *_VERBOSE, ALL_STATUSES, CHOSEN, *paging)
    yield from _of_directories("/files", "Files that match.", json_reply("A page of them.", found), options)


def _files() -> Iterator[Operation]:
    one, named = "/file/{file}", (FILE_FIELD,)
    attributes = json_reply("Its attributes.", FILE)
    registered = "Register a file; the same once more is fine."
    yield closed(one, "PUT", registered, json_reply("And `created`.", FILE), named, _NEW_FILE)
    missing = flag("missing_ok", "No mistake when it is not there.")
    yield closed(one, "DELETE", "Remove a file.", DONE, (*named, missing))
    choices = (*named, ALL_STATUSES, CHOSEN)
    yield closed(f"{one}/attributes", "GET", "What a file is.", attributes, choices)
    yield closed(f"{one}/attributes", "PATCH", "Change it.", attributes, named, ATTRIBUTES)
    values = json_reply("By name.", VALUES)
    yield closed(f"{one}/metadata", "GET", "What is known of a file.", values, (*named, _INHERITED))
    yield closed(f"{one}/metadata", "PATCH", "Set values.", values, named, VALUES)
    yield closed(f"{one}/metadata", "DELETE", "Take values away.", values, (*named, *_KEYS))
    steps = json_reply("How many steps away, by path.", {"type": "object", "additionalProperties": COUNT})
    depth = option("depth", COUNT, "How many generations.", 1)
    yield closed(f"{one}/ancestors", "GET", "What a file was made from.", steps, (*named, depth))
    yield closed(f"{one}/descendants", "GET", "What was made from it.", steps, (*named, depth))


def _downloads() -> Iterator[Operation]:
    one, named = "/file/{file}", (FILE_FIELD,)
    se = option("SE", WORD, "Of which storage element.", "DISK")
    download = closed(f"{one}/download", "GET", "What a file holds.", BYTES[200], (*named, se))
    yield replace(download, replies={**download.replies, **BYTES})
    share = object_of({"type": {"const": "lfn"}, "lfn": WORD, "share": WORD})
    yield closed(f"{one}/share", "POST", "A token to read it.", json_reply("The token.", share), named)
    ended = json_reply("How many.", object_of({"ended": COUNT}))
    yield closed(f"{one}/share", "DELETE", "End its tokens.", ended, named)
    token = Field("token", WORD, place="path", example="s" * 43)
    yield Operation(
        path=f"{BASE}/shared/{{token}}",
        methods=("GET",),
        tag=TAG,
        summary="What a shared file holds.",
        fields=(token,),
        replies={**BYTES, 400: REFUSALS[400], 404: REFUSALS[404], 503: REFUSALS[503]},
    )


def _replicas() -> Iterator[Operation]:
    listed = json_reply("By storage element.", REPLICAS)
    one, named = "/file/{file}/replicas/{se}", (FILE_FIELD, SE_FIELD)
    yield closed("/file/{file}/replicas", "GET", "Where copies lie.", listed, (FILE_FIELD, ALL_STATUSES))
    new = object_of({"PFN": WORD}, {"Status": STATUS})
    yield closed(one, "PUT", "A copy lies there.", listed, named, new)
    change = object_of({}, {"PFN": WORD, "Status": STATUS, "NewSE": WORD})
    yield closed(one, "PATCH", "It changed, or moved.", listed, named, change)
    force = flag("force", "The last one, too.")
    yield closed(one, "DELETE", "It lies there no more.", DONE, (*named, force))
    element = object_of({"protocols": {"type": "array"}, "read": {}, "write": {}})
    elements: Mapping[str, object] = {"type": "object", "additionalProperties": element}
    yield closed("/storageelements", "GET", "The storage elements.", json_reply("By name.", elements))
    guid = (Field("guid", WORD, place="path", example="0" * 8),)
    yield closed("/guid/{guid}", "GET", "Which file it is.", json_reply("", object_of({"lfn": WORD})), guid)


def _fields() -> Iterator[Operation]:
    every: Schema = {"type": "object", "additionalProperties": FIELD}
    new = object_of({"name": WORD, "type": WORD}, {"scope": {"enum": ["directory", "file"]}})
    yield closed("/metadata/fields", "GET", "The declared fields.", json_reply("By name.", every))
    yield closed("/metadata/fields", "POST", "Declare one.", json_reply("And `created`.", FIELD), (), new)
    yield closed("/metadata/fields/{name}", "DELETE", "Its values go, too.", DONE, (NAME_FIELD,))
    expand = flag("expand", "With the metasets inside them resolved.")
    sets = json_reply("Conditions by field, by name.", {"type": "object", "additionalProperties": OBJECT})
    put = object_of({"name": WORD, "contents": OBJECT})
    yield closed("/metasets", "GET", "The metasets.", sets, (expand,))
    yield closed("/metasets", "POST", "Define one.", json_reply("And `created`.", OBJECT), (), put)
    yield closed("/metasets/{name}", "GET", "One of them.", sets, (NAME_FIELD, expand))
    yield closed("/metasets/{name}", "DELETE", "Forget it.", DONE, (NAME_FIELD,))


def _bulk() -> Iterator[Operation]:
    sent = object_of({"op": WORD, "items": {"type": ["object", "array"]}})
    done = object_of({"Successful": OBJECT, "Failed": {"type": "object", "additionalProperties": WORD}})
    yield closed("/bulk", "POST", "One operation on many paths.", json_reply("By path.", done), (), sent)


OPERATIONS: tuple[Operation, ...] = (
    *_directories(),
    *_directory_metadata(),
    *_searches(),
    *_files(),
    *_downloads(),
    *_replicas(),
    *_fields(),
    *_bulk(),
)

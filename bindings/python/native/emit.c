// `DaemonEmitter.emit` in one call of C, for an event that needs no second look; `_emitter.py` does the same in Python, and all else.
//
// An emit from Python costs more than the frame it writes, and most of that is the interpreter's: this reads the keywords where they lie.
// Whatever is not plainly right goes to the method in Python, which judges it and says what is wrong. The stable interface of CPython 3.10
// and later is used and nothing besides; who has none of it uses the method in Python.
#define Py_LIMITED_API 0x030A0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent_receipts.h"

// What a keyword's value may be, and where it goes.
typedef struct keyword {
  const char *name;
  size_t field;
  bool is_payload;
} keyword;

#define TEXT(name, field) {name, offsetof(ar_event, field), false}
#define PAYLOAD(name) {#name, offsetof(ar_event, name), true}

// Those that most events have come first.
static const keyword KEYWORDS[] = {
    TEXT("channel", channel),
    TEXT("tool_name", tool_name),
    TEXT("decision", decision),
    TEXT("tool_server", tool_server),
    PAYLOAD(input),
    PAYLOAD(output),
    TEXT("error", error),
    TEXT("action_type", action_type),
    TEXT("target_system", target_system),
    TEXT("target_resource", target_resource),
    TEXT("issuer_name", issuer_name),
    TEXT("issuer_model", issuer_model),
    TEXT("operator_id", operator_id),
    TEXT("operator_name", operator_name),
    TEXT("idempotency_key", idempotency_key),
    TEXT("correlation_id", correlation_id),
    TEXT("agent_id", agent_id),
    TEXT("agent_type", agent_type),
    TEXT("model", model),
    PAYLOAD(usage),
    TEXT("capture_method", capture_method),
};
enum { COUNT = sizeof(KEYWORDS) / sizeof(KEYWORDS[0]) };

_Static_assert(sizeof(ar_event) == sizeof(size_t) + COUNT * sizeof(ar_text), "an event of the header has other fields");

typedef ar_err (*emit_function)(ar_emitter, const ar_event *, ar_error *);

// Set once, by `quicken`, and the same whatever interpreter of the process asks. Names are those that stand in programs: interned, so that
// nearly always equal ones are one object. `places` finds the others.
static emit_function library_emit;
static PyObject *names[COUNT], *places, *ticket_name, *plainly_name;

static bool read_event(PyObject *const *values, PyObject *keywords, ar_event *event);
static size_t keyword_of(PyObject *name);
static bool read_text(PyObject *value, ar_text *text);
static bool read_payload(PyObject *value, ar_text *text);
static bool read_ticket(PyObject *emitter, ar_emitter *ticket);
static PyObject *emit_plainly(PyObject *emitter, PyObject *const *values, Py_ssize_t positional, PyObject *keywords);

// emitter.emit(**keywords)
static PyObject *emit(PyObject *emitter, PyObject *const *values, Py_ssize_t positional, PyObject *keywords) {
  ar_event event = AR_EVENT_INIT;
  ar_emitter ticket;
  if (positional != 0 || keywords == NULL || !read_event(values, keywords, &event) || !read_ticket(emitter, &ticket)) {
    return emit_plainly(emitter, values, positional, keywords);
  }
  ar_err code;
  // The caller holds the values until this returns, and none of them can change.
  Py_BEGIN_ALLOW_THREADS
  code = library_emit(ticket, &event, NULL);
  Py_END_ALLOW_THREADS
  if (code == AR_OK) Py_RETURN_NONE;
  return PyObject_CallMethod(emitter, "_not_sent", "i", (int)code);
}

// Whether the event is plainly right; leaves no exception.
static bool read_event(PyObject *const *values, PyObject *keywords, ar_event *event) {
  Py_ssize_t given = PyTuple_Size(keywords);
  for (Py_ssize_t at = 0; at < given; at++) {
    size_t known = keyword_of(PyTuple_GetItem(keywords, at));
    if (known == COUNT) return false;
    ar_text *text = (ar_text *)((char *)event + KEYWORDS[known].field);
    if (!(KEYWORDS[known].is_payload ? read_payload : read_text)(values[at], text)) return false;
  }
  return event->channel.data != NULL && event->tool_name.data != NULL && event->decision.data != NULL;
}

// Its place in `KEYWORDS`; `COUNT` if it is none.
static size_t keyword_of(PyObject *name) {
  for (size_t at = 0; at < COUNT; at++) {
    if (names[at] == name) return at;
  }
  // One that was read from somewhere, as JSON is.
  PyObject *place = PyDict_GetItemWithError(places, name);
  if (place != NULL) return PyLong_AsSize_t(place);
  PyErr_Clear();
  return COUNT;
}

static bool read_text(PyObject *value, ar_text *text) {
  // Before UTF-8 is made of it: what is beyond a frame is refused unread.
  if (!PyUnicode_CheckExact(value) || PyUnicode_GetLength(value) > AR_MAX_FRAME) return false;
  Py_ssize_t length;
  const char *data = PyUnicode_AsUTF8AndSize(value, &length);
  if (data == NULL) {
    PyErr_Clear();
    return false;
  }
  *text = (ar_text){data, (size_t)length};
  return true;
}

// Nothing, `str` or `bytes`; an empty one is absent. What can change meanwhile, such as a `bytearray`, is for the method in Python.
static bool read_payload(PyObject *value, ar_text *text) {
  if (value == Py_None) return true;
  if (!PyBytes_CheckExact(value)) {
    if (!read_text(value, text)) return false;
  } else {
    char *data;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(value, &data, &length) != 0) {
      PyErr_Clear();
      return false;
    }
    *text = (ar_text){data, (size_t)length};
  }
  if (text->length == 0) text->data = NULL;
  return true;
}

static bool read_ticket(PyObject *emitter, ar_emitter *ticket) {
  PyObject *number = PyObject_GetAttr(emitter, ticket_name);
  if (number == NULL) {
    PyErr_Clear();
    return false;
  }
  *ticket = PyLong_AsUnsignedLongLong(number);
  Py_DecRef(number);
  if (!PyErr_Occurred()) return true;
  PyErr_Clear();
  return false;
}

static PyObject *emit_plainly(PyObject *emitter, PyObject *const *values, Py_ssize_t positional, PyObject *keywords) {
  Py_ssize_t named = keywords == NULL ? 0 : PyTuple_Size(keywords);
  PyObject *result = NULL, *method = PyObject_GetAttr(emitter, plainly_name);
  PyObject *arguments = PyTuple_New(positional), *by_name = PyDict_New();
  if (method == NULL || arguments == NULL || by_name == NULL) goto end;
  for (Py_ssize_t at = 0; at < positional; at++) {
    Py_IncRef(values[at]);
    if (PyTuple_SetItem(arguments, at, values[at]) != 0) goto end;
  }
  for (Py_ssize_t at = 0; at < named; at++) {
    if (PyDict_SetItem(by_name, PyTuple_GetItem(keywords, at), values[positional + at]) != 0) goto end;
  }
  result = PyObject_Call(method, arguments, by_name);
end:
  Py_DecRef(method);
  Py_DecRef(arguments);
  Py_DecRef(by_name);
  return result;
}

// Fills `names` and `places`.
static bool name_keywords(void) {
  PyObject *made = PyDict_New();
  for (size_t at = 0; made != NULL && at < COUNT; at++) {
    PyObject *place = PyLong_FromSize_t(at);
    names[at] = PyUnicode_InternFromString(KEYWORDS[at].name);
    bool kept = place != NULL && names[at] != NULL && PyDict_SetItem(made, names[at], place) == 0;
    Py_DecRef(place);
    if (!kept) Py_CLEAR(made);
  }
  places = made;
  return made != NULL;
}

static PyMethodDef EMIT = {"emit", (PyCFunction)(void (*)(void))emit, METH_FASTCALL | METH_KEYWORDS, NULL};

// quicken(class, address, words): gives the class a method `emit` that calls the library's function at the address. What it does not
// take, it gives to the class's `_emit_plainly`; `words` are its signature and documentation.
static PyObject *quicken(PyObject *module, PyObject *arguments) {
  (void)module;
  PyObject *class, *words;
  unsigned long long address;
  if (!PyArg_ParseTuple(arguments, "OKO!:quicken", &class, &address, &PyBytes_Type, &words)) return NULL;
  if (!PyType_Check(class) || address == 0) {
    PyErr_SetString(PyExc_TypeError, "quicken: a class, an address and bytes");
    return NULL;
  }
  if (places == NULL && !name_keywords()) return NULL;
  if (ticket_name == NULL && (ticket_name = PyUnicode_InternFromString("_ticket")) == NULL) return NULL;
  if (plainly_name == NULL && (plainly_name = PyUnicode_InternFromString("_emit_plainly")) == NULL) return NULL;
  library_emit = (emit_function)(uintptr_t)address;
  // Never given back: the method's documentation is read where it lies.
  Py_IncRef(words);
  EMIT.ml_doc = PyBytes_AsString(words);
  PyObject *method = PyDescr_NewMethod((PyTypeObject *)class, &EMIT);
  if (method == NULL) return NULL;
  int set = PyObject_SetAttrString(class, "emit", method);
  Py_DecRef(method);
  if (set != 0) return NULL;
  Py_RETURN_NONE;
}

static PyMethodDef FUNCTIONS[] = {{"quicken", quicken, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
// With slots, though there are none: an interpreter with a lock of its own cannot load it, and uses the method in Python.
static PyModuleDef_Slot SLOTS[] = {{0, NULL}};
static PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "_native", .m_methods = FUNCTIONS, .m_slots = SLOTS};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&MODULE); }

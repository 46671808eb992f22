// Registration: makes an environment's state and hands JavaScript the native functions. Nothing is computed here.
#include <c10/util/Logging.h>

#include "entries.h"

namespace scalewise {

State& stateOf(napi_env env) {
  void* data = nullptr;
  napi_get_instance_data(env, &data);
  return *static_cast<State*>(data);
}

void throwTorchError(napi_env env, const std::string& message) {
  const State& state = stateOf(env);
  napi_value text = nullptr, errorClass = nullptr, error = nullptr;
  napi_create_string_utf8(env, message.data(), message.size(), &text);
  const bool own = state.errorClass && napi_get_reference_value(env, state.errorClass, &errorClass) == napi_ok && errorClass &&
                   napi_new_instance(env, errorClass, 1, &text, &error) == napi_ok;
  if (own) napi_throw(env, error);
  else napi_throw_error(env, "TORCH", message.c_str());
}

namespace {

/// setErrorClass(TorchError): the class that libtorch's errors are thrown as
napi_value setErrorClass(napi_env env, State& state, const Arguments& args) {
  napi_valuetype type = napi_undefined;
  check(env, napi_typeof(env, args[0], &type));
  if (type != napi_function) throw Misuse("expected a class");
  if (state.errorClass) napi_delete_reference(env, state.errorClass);
  check(env, napi_create_reference(env, args[0], 1, &state.errorClass));
  return nullptr;
}

napi_value initialise(napi_env env, napi_value exports) {
  napi_set_instance_data(env, new State(), [](napi_env, void* data, void*) { delete static_cast<State*>(data); }, nullptr);
  // an error would look up the names of its C++ frames, which takes 1.13 35 ms; they are not shown
  c10::SetStackTraceFetcher(std::function<std::string()>([] { return std::string(); }));
  const std::vector<Entry> own = {{"setErrorClass", entry<setErrorClass>}};
  for (const auto& entries : {own, dispatchEntries(), tensorEntries(), autogradEntries(), randomEntries(), systemEntries(), allocationEntries(), deviceEntries(),
                              profileEntries(), distributedEntries()}) {
    for (const Entry& one : entries) {
      napi_value function = nullptr;
      napi_create_function(env, one.name, NAPI_AUTO_LENGTH, one.callback, const_cast<char*>(one.name), &function);
      napi_set_named_property(env, exports, one.name, function);
    }
  }
  return exports;
}

}  // namespace
}  // namespace scalewise

NAPI_MODULE_INIT() { return scalewise::initialise(env, exports); }

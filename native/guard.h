// One way from C++ to JavaScript errors: every native entry runs inside guard(), so that nothing C++ throws reaches Node.
// Misuse of an argument becomes a TypeError, whatever libtorch throws a TorchError (our own class) without its C++ trace.
#pragma once
#include <c10/util/Exception.h>
#include <node_api.h>

#include <exception>
#include <string>

namespace scalewise {

/// Wrong use by the caller: what was expected and what was given.
struct Misuse : std::exception {
  explicit Misuse(std::string text) : message(std::move(text)) {}
  const char* what() const noexcept override { return message.c_str(); }
  std::string message;
  bool named = false;  // the message says whose it is
};

/// An error of libtorch whose message says already whose it is.
struct Failure {
  std::string message;
};

/// A JavaScript exception is pending already; only the way out is left.
struct Pending {};

void throwTorchError(napi_env env, const std::string& message);

inline void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) throw Pending{};
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw Misuse(info && info->error_message ? info->error_message : "Node-API call failed");
}

/// Runs `body`; what it throws is thrown on as a Misuse or Failure that names the operator or native function. The innermost name stays.
template <class Body>
auto naming(const char* name, Body body) -> decltype(body()) {
  const auto prefixed = [name](const std::string& message) { return message.rfind(name, 0) == 0 ? message : name + (": " + message); };
  try {
    return body();
  } catch (const Pending&) {
    throw;
  } catch (const Failure&) {
    throw;
  } catch (Misuse& error) {
    if (!error.named) error.message = prefixed(error.message);
    error.named = true;
    throw;
  } catch (const c10::Error& error) {
    throw Failure{prefixed(error.what_without_backtrace())};
  } catch (const std::exception& error) {
    throw Failure{prefixed(error.what())};
  } catch (...) {
    throw Failure{prefixed("libtorch threw something that is not an exception")};
  }
}

/// The body of the native function `name`, with C++ exceptions made JavaScript's.
template <class Body>
napi_value guard(napi_env env, const char* name, Body body) {
  try {
    return naming(name, body);
  } catch (const Pending&) {
  } catch (const Misuse& error) {
    napi_throw_type_error(env, nullptr, error.what());
  } catch (const Failure& error) {
    throwTorchError(env, error.message);
  }
  return nullptr;
}

}  // namespace scalewise

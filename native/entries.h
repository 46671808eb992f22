// The table of native entries: each file adds its own, addon.cc registers them all.
#pragma once
#include <node_api.h>

#include <vector>

#include "guard.h"
#include "state.h"
#include "values.h"

namespace scalewise {

struct Entry {
  const char* name;
  napi_callback callback;
};

/// The arguments of one call from JavaScript; missing ones read as undefined.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) {
    check(env, napi_get_cb_info(env, info, &count_, values_, nullptr, nullptr));
    if (count_ > kMost) throw Misuse("more than 40 arguments");
  }
  napi_value operator[](size_t i) const { return values_[i]; }
  size_t count() const { return count_; }

 private:
  static constexpr size_t kMost = 40;  // Node-API fills the rest with undefined
  size_t count_ = kMost;
  napi_value values_[kMost];
};

/// Wraps a body `napi_value(napi_env, State&, const Arguments&)` as a guarded native function.
template <napi_value (*Body)(napi_env, State&, const Arguments&)>
napi_value entry(napi_env env, napi_callback_info info) {
  return guard(env, [&] { return Body(env, stateOf(env), Arguments(env, info)); });
}

std::vector<Entry> dispatchEntries();
std::vector<Entry> tensorEntries();
std::vector<Entry> autogradEntries();
std::vector<Entry> randomEntries();
std::vector<Entry> systemEntries();

}  // namespace scalewise

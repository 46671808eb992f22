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
  Arguments(napi_env env, napi_callback_info info) { napi_get_cb_info(env, info, &count_, values_, nullptr, &name_); }
  napi_value operator[](size_t i) const { return values_[i]; }
  size_t count() const { return count_; }
  /// The native function that was called.
  const char* function() const { return static_cast<const char*>(name_); }
  void refuseTooMany() const {
    if (count_ > kMost) throw Misuse("more than 40 arguments");
  }

  static constexpr size_t kMost = 40;

 private:
  size_t count_ = kMost;
  napi_value values_[kMost];  // Node-API fills those that are not given with undefined
  void* name_ = nullptr;
};

/// Wraps a body `napi_value(napi_env, State&, const Arguments&)` as a guarded native function.
template <napi_value (*Body)(napi_env, State&, const Arguments&)>
napi_value entry(napi_env env, napi_callback_info info) {
  const Arguments args(env, info);
  return guard(env, args.function(), [&] {
    args.refuseTooMany();
    return Body(env, stateOf(env), args);
  });
}

/// Bytes that one tensor may have at most: setAllocationLimit.
size_t allocationLimit();

std::vector<Entry> dispatchEntries();
std::vector<Entry> tensorEntries();
std::vector<Entry> autogradEntries();
std::vector<Entry> randomEntries();
std::vector<Entry> systemEntries();
std::vector<Entry> allocationEntries();
std::vector<Entry> deviceEntries();
std::vector<Entry> profileEntries();
#ifdef SCALEWISE_C10D
std::vector<Entry> distributedEntries();
#else  // libtorch was built without
inline std::vector<Entry> distributedEntries() { return {}; }
#endif

}  // namespace scalewise

// A limit on single allocations. Without it a wrong shape asks the operating system for more than the machine has, which Linux may grant:
// the process is killed when the memory is touched, with no word about the operator.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <torch/csrc/api/include/torch/version.h>

#include <atomic>

#include "entries.h"

namespace scalewise {
namespace {

std::atomic<size_t> limit{SIZE_MAX};

/// libtorch's own CPU allocator, but for requests above the limit. One serves the process, as the limit does.
class LimitedAllocator final : public c10::Allocator {
 public:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 3)
  c10::DataPtr allocate(size_t bytes) override { return checked(bytes); }
  void copy_data(void* to, const void* from, size_t bytes) const override { inner_->copy_data(to, from, bytes); }
#else
  c10::DataPtr allocate(size_t bytes) const override { return checked(bytes); }
#endif
  c10::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }

 private:
  c10::DataPtr checked(size_t bytes) const {
    TORCH_CHECK(bytes <= limit, "a tensor of ", bytes, " bytes was asked for; at most ", limit.load(), " can be had here");
    return inner_->allocate(bytes);
  }
  c10::Allocator* const inner_ = c10::GetCPUAllocator();
};

/// setAllocationLimit(bytes): no single tensor on the CPU may be larger
napi_value setAllocationLimit(napi_env env, State&, const Arguments& args) {
  const int64_t bytes = readInteger(env, args[0], "bytes");
  if (bytes < 1) throw Misuse("bytes: expected at least 1, got " + std::to_string(bytes));
  static LimitedAllocator* const allocator = [] {
    auto* made = new LimitedAllocator();  // storages refer to it to the end of the process
    c10::SetAllocator(c10::DeviceType::CPU, made);
    return made;
  }();
  (void)allocator;
  limit = static_cast<size_t>(bytes);
  return nullptr;
}

}  // namespace

size_t allocationLimit() { return limit; }

std::vector<Entry> allocationEntries() { return {{"setAllocationLimit", entry<setAllocationLimit>}}; }

}  // namespace scalewise

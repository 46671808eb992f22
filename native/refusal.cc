// The rule of what is refused: see refusal.h, and README.md for the reasons.
#include "refusal.h"

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "guard.h"

namespace scalewise {
namespace {

bool startsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

template <size_t N>
bool contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

constexpr const char* kInternal = "it is a part of libtorch's inner machinery, which does not check its arguments";

/// Inner operators, by their underscore, that this project calls (src/torch/operators.json); they check, or are checked here.
constexpr std::string_view kInUse[] = {
    "_foreach_add_.List", "_foreach_add_.Scalar", "_foreach_addcdiv_.Scalar", "_foreach_addcmul_.Scalar",
    "_foreach_div_.List", "_foreach_div_.Scalar", "_foreach_mul_.List", "_foreach_mul_.Scalar",
    "_foreach_norm.Scalar", "_foreach_sqrt", "_foreach_zero_", "_fused_adamw_", "_to_copy"};

/// Public operators that crash, loop or write files on bad arguments nevertheless, with an overload where only that one does: what the fuzz
/// test found.
constexpr std::string_view kUnchecked[] = {
    "align_tensors", "align_to.ellipsis_idx", "as_strided", "as_strided_", "as_strided_copy", "as_strided_scatter",
    "batch_norm_update_stats", "binomial", "choose_qparams_optimized", "embedding_bag.padding_idx", "from_file",
    "gru", "histogramdd", "linalg_eig", "linalg_eigvals", "linalg_matrix_power", "lstm", "lu_unpack", "matrix_power",
    "native_batch_norm", "native_channel_shuffle", "native_group_norm", "range", "rnn_relu", "rnn_tanh",
    "rrelu_with_noise", "rrelu_with_noise_", "set", "set_", "sum_to_size"};

/// The lists of the fused optimiser are read in step, each element as many bytes on as the parameter has.
void validateFusedAdamw(const std::vector<c10::IValue>& arguments) {
  const std::vector<at::Tensor> parameters = arguments[0].toTensorVector();
  for (size_t list = 0; list < 5; ++list) {
    const std::vector<at::Tensor> tensors = arguments[list].toTensorVector();
    for (size_t i = 0; i < std::min(tensors.size(), parameters.size()); ++i) {
      if (tensors[i].sizes() != parameters[i].sizes() || !tensors[i].is_non_overlapping_and_dense())
        throw Misuse("element " + std::to_string(i) + " of list " + std::to_string(list + 1) + " has not the shape of its parameter, or gaps");
    }
  }
}

}  // namespace

Validator validator(const std::string& fullName) { return fullName == "aten::_fused_adamw_" ? validateFusedAdamw : nullptr; }

const char* refusal(const std::string& fullName) {
  const std::string_view full = fullName;
  if (!startsWith(full, "aten::")) return kInternal;
  const std::string_view name = full.substr(6).substr(0, full.substr(6).find('.'));
  if (startsWith(name, "_")) return contains(kInUse, full.substr(6)) ? nullptr : kInternal;
  if (name.find("_backward") != std::string_view::npos) return "backward() alone calls it, with arguments that need no check";
  for (const std::string_view library : {"mkldnn_", "cudnn_", "miopen_", "fbgemm_", "quantized_", "mps_", "xnnpack_", "slow_conv", "thnn_conv"})
    if (startsWith(name, library)) return "it is one library's kernel, which does not check its arguments";
  if (startsWith(name, "special_") && name.find("_polynomial_") != std::string_view::npos)
    return "it loops as often as the degree in its arguments says";
  if (name.find("sparse") != std::string_view::npos) return "sparse tensors cannot be had here, and its checks are theirs";
  return contains(kUnchecked, name) || contains(kUnchecked, full.substr(6)) ? "libtorch does not check its arguments" : nullptr;
}

}  // namespace scalewise

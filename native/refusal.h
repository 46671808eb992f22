// Which operators are not callable from here unless the caller takes the risk: those of which libtorch does not check the arguments.
// Where one of them is needed, the check is made here instead.
#pragma once
#include <ATen/core/ivalue.h>

#include <string>
#include <vector>

namespace scalewise {

/// Why the operator of this full name (`aten::add.Tensor`) is refused, or null where it is callable.
const char* refusal(const std::string& fullName);

/// The check that libtorch does not make of an operator's arguments, or null where it makes its own.
using Validator = void (*)(const std::vector<c10::IValue>& arguments);
Validator validator(const std::string& fullName);

}  // namespace scalewise

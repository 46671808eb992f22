// See declarations/README.md.
#pragma once

package auth

import _ "gateway/modules/ratelimit"

package auth

import _ "github.com/lestrrat-go/jwx/v2/jwk"

package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Options say where a store is and how to reach it.
type Options struct {
	// Addresses are "host:port": one server, several nodes of a Cluster, or the
	// Sentinels of Master. Of a Cluster one node is enough, if it is there.
	Addresses []string
	// Master is what the Sentinels call the server. Empty means that there are none.
	Master string
	// Username and Password are those of the server; the Sentinels' own are separate.
	Username, Password                 string
	SentinelUsername, SentinelPassword string
	// Database is the number of the database; a Cluster has only 0.
	Database int
	// TLS encrypts, and verifies the server's certificate by Roots, or by those of
	// the system where that is nil.
	TLS   bool
	Roots *x509.CertPool
	// Prefix stands in front of every key.
	Prefix string
	// Timeout bounds a call.
	Timeout time.Duration
	// OnError is what rate limits do by default while the store is down.
	OnError string
}

// defaultPort is the port that Redis listens on when nothing else is said.
const defaultPort = "6379"

// ParseURL reads redis://[user[:password]@]host[:port][/database], or rediss:// for
// TLS, into options. Of several URLs only hosts and ports may differ: Add checks that.
func (o *Options) ParseURL(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("it is not a URL") // the parser's error would repeat the password
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return errors.New("it has to begin with redis:// or rediss://")
	}
	if u.Hostname() == "" {
		return errors.New("it names no host")
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return errors.New("it has options, which belong into the block")
	}
	database, err := databaseOf(u.Path)
	if err != nil {
		return err
	}
	password, _ := u.User.Password()
	user := u.User.Username()
	if len(o.Addresses) > 0 && (o.TLS != (u.Scheme == "rediss") || o.Database != database || o.Username != user || o.Password != password) {
		return errors.New("all URLs have to agree in everything but the host and the port")
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	o.Addresses = append(o.Addresses, net.JoinHostPort(u.Hostname(), port))
	o.TLS, o.Database, o.Username, o.Password = u.Scheme == "rediss", database, user, password
	return nil
}

// databaseOf reads the path of a URL: "", "/" or "/<number>".
func databaseOf(path string) (int, error) {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return 0, nil
	}
	number, err := strconv.ParseUint(path, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("its path has to be the number of a database, and is %q", path)
	}
	return int(number), nil
}

const (
	// dialTimeout bounds an attempt to connect, with everything that is said first.
	dialTimeout = 500 * time.Millisecond
	// keepAlive is how often a silent connection is asked whether it lives, and
	// deadAfter how long it may take to say so.
	keepAlive, deadAfter = time.Second, time.Second
	// bufferSize is that of a connection, for reading and for writing, in bytes.
	bufferSize = 64 << 10
	// cacheSize bounds what is remembered by Get, in bytes.
	cacheSize = 8 << 20
)

// clientOption returns the options of the library. There is one connection a server,
// on which all calls are pipelined.
func (o *Options) clientOption(dial func(context.Context, string, *net.Dialer, *tls.Config) (net.Conn, error)) rueidis.ClientOption {
	option := rueidis.ClientOption{
		InitAddress: o.Addresses, ClientName: "gateway", SelectDB: o.Database,
		Username: o.Username, Password: o.Password,
		Dialer:           net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive},
		ConnWriteTimeout: deadAfter, DialCtxFn: dial,
		ReadBufferEachConn: bufferSize, WriteBufferEachConn: bufferSize, CacheSizeEachConn: cacheSize,
		// -1 is one connection; of a Cluster, one to each node.
		PipelineMultiplex: -1, AlwaysPipelining: true,
		// A call that failed may have been carried out: its caller decides.
		DisableRetry: true,
	}
	if o.TLS {
		option.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots}
	}
	if o.Master != "" {
		option.Sentinel = rueidis.SentinelOption{
			Dialer: option.Dialer, TLSConfig: option.TLSConfig, MasterSet: o.Master,
			Username: o.SentinelUsername, Password: o.SentinelPassword,
			TopologyRefreshInterval: 5 * time.Second,
		}
	}
	option.ClusterOption.ShardsRefreshInterval = 5 * time.Second
	return option
}

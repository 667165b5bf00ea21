package validate

import (
	"path/filepath"

	"go.uber.org/zap"

	"gateway/internal/openapi"
)

// logUnchecked tells the operator which promises of a schema nobody keeps.
func (h *Handler) logUnchecked(formats []string, file string) {
	if len(formats) > 0 {
		h.logger.Info("these formats are not checked", zap.Strings("formats", formats), zap.String("file", file))
	}
}

// Bind compiles what requests to an operation of a contract are checked against. The
// api block calls it after Provision, one contract after the other, also when one has
// changed while requests are served: Decide looks at nothing that Bind writes.
func (h *Handler) Bind(op *openapi.Operation, c *openapi.Contract) (any, error) {
	if h.alone != nil {
		return nil, h.problem("remove the schema", "inside api the contract has the schemas, and validate %s would check every request once more", filepath.Base(h.Schema))
	}
	if err := h.bind(c); err != nil {
		return nil, err
	}
	compiler := h.binding
	told, formats := len(compiler.warnings), len(compiler.engine.unchecked)
	own, mode, err := h.optionsOf(op)
	if err != nil {
		return nil, err
	}
	prepared, err := compiler.operation(op, own)
	if err != nil {
		return nil, err
	}
	prepared.mode = mode
	for _, warning := range compiler.warnings[told:] {
		h.logger.Warn(warning, zap.String("contract", c.File))
	}
	h.logUnchecked(compiler.engine.unchecked[formats:], c.File)
	if h.UnknownQuery == unknownReport {
		prepared.report = h.reportUnknown(prepared.name)
	}
	return prepared, nil
}

// bind makes a contract the one that Bind works on.
func (h *Handler) bind(c *openapi.Contract) (err error) {
	if h.binding == nil || h.binding.Contract != c {
		h.binding, err = newContract(c, h.ReadOnly == readOnlyAllow, h.Pass)
	}
	return err
}

// reportUnknown returns what logs unknown query parameters of an operation.
func (h *Handler) reportUnknown(operation string) func(name string, count int) {
	return func(name string, count int) {
		if entry := h.logger.Check(zap.InfoLevel, "unknown query parameters"); entry != nil {
			entry.Write(zap.String("operation", operation), zap.String("first", name), zap.Int("count", count))
		}
	}
}

package dashboards

// row is a titled line of panels.
type row struct {
	title  string
	panels []panel
}

// panel is a picture as it is written in the tables.
type panel struct {
	kind        kind
	title       string
	description string
	unit        string
	queries     []query
	// stacked draws the series of a time series on top of each other.
	stacked bool
	// signed tells that values can be below zero.
	signed bool
	// wide gives the panel a line of its own.
	wide bool
}

// kind is Grafana's panel type.
type kind string

const (
	timeseries kind = "timeseries"
	stat       kind = "stat"
	table      kind = "table"
)

type query struct {
	expr, legend string
	exemplar     bool
	// name and unit are those of a column, in tables of several queries.
	name, unit string
}

var source = &datasource{Type: "prometheus", UID: "${datasource}"}

// gridWidth is Grafana's.
const gridWidth = 24

var heights = map[kind]int{timeseries: 8, stat: 4, table: 8}

// arrange lays rows out from top to bottom, the panels of a row side by side in equal
// widths, four to six stats or three others to a line.
func arrange(rows []row) []Panel {
	var panels []Panel
	y := 0
	for _, r := range rows {
		expanded := false
		panels = append(panels, Panel{
			ID: len(panels) + 1, Type: "row", Title: r.title, Collapsed: &expanded,
			GridPos: gridPos{H: 1, W: gridWidth, Y: y},
		})
		y++
		for _, line := range r.lines() {
			width := gridWidth / len(line)
			for i, p := range line {
				drawn := p.draw(len(panels) + 1)
				drawn.GridPos = gridPos{H: heights[p.kind], W: width, X: i * width, Y: y}
				panels = append(panels, drawn)
			}
			y += heights[line[0].kind]
		}
	}
	return panels
}

// lines breaks the panels of a row into lines of the same height.
func (r row) lines() [][]panel {
	var lines [][]panel
	for _, p := range r.panels {
		last := len(lines) - 1
		full := last < 0 || p.wide || lines[last][0].wide || heights[lines[last][0].kind] != heights[p.kind] || len(lines[last]) == perLine[p.kind]
		if full {
			lines = append(lines, nil)
			last++
		}
		lines[last] = append(lines[last], p)
	}
	return lines
}

// perLine is how many panels stand side by side at most.
var perLine = map[kind]int{stat: 6, timeseries: 3, table: 3}

func (p panel) draw(id int) Panel {
	drawn := Panel{
		ID: id, Type: string(p.kind), Title: p.title, Description: p.description, Datasource: source,
		FieldConfig: &fieldConfig{Defaults: fieldDefaults{Unit: p.unit}, Overrides: []override{}},
	}
	if zero := 0.0; !p.signed {
		drawn.FieldConfig.Defaults.Min = &zero
	}
	for i, q := range p.queries {
		target := Target{RefID: refID(i), Expr: q.expr, LegendFormat: q.legend, Exemplar: q.exemplar, Range: true}
		if p.kind == table {
			target.Range, target.Instant, target.Format = false, true, "table"
		}
		drawn.Targets = append(drawn.Targets, target)
	}
	switch p.kind {
	case timeseries:
		drawn.FieldConfig.Defaults.Custom = p.lines()
		drawn.Options = map[string]any{
			"legend":  map[string]any{"displayMode": "table", "placement": "bottom", "calcs": []string{"mean", "max"}, "showLegend": true},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		}
	case stat:
		drawn.FieldConfig.Defaults.NoValue = "0"
		drawn.Options = map[string]any{
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}},
			"colorMode":     "value", "graphMode": "area",
		}
	case table:
		p.columns(&drawn)
	}
	return drawn
}

func refID(i int) string { return string(rune('A' + i)) }

// columns makes a table of instant queries: one column for each, beside the labels.
// With several queries Grafana calls the values "Value #A" and so on, and joins the
// rows that have the same labels.
func (p panel) columns(drawn *Panel) {
	organize := map[string]any{"excludeByName": map[string]bool{"Time": true}}
	sortBy := "Value"
	if len(p.queries) > 1 {
		names := make(map[string]string)
		for i, q := range p.queries {
			names["Value #"+refID(i)] = q.name
			drawn.FieldConfig.Overrides = append(drawn.FieldConfig.Overrides, override{
				Matcher: matcher{ID: "byName", Options: q.name}, Properties: []property{{ID: "unit", Value: q.unit}},
			})
		}
		organize["renameByName"] = names
		drawn.Transformations = append(drawn.Transformations, transformation{ID: "merge", Options: map[string]any{}})
		sortBy = p.queries[0].name
	}
	drawn.Transformations = append(drawn.Transformations, transformation{ID: "organize", Options: organize})
	drawn.Options = map[string]any{"sortBy": []any{map[string]any{"displayName": sortBy, "desc": true}}}
}

func (p panel) lines() map[string]any {
	custom := map[string]any{"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
	if p.stacked {
		custom["fillOpacity"] = 40
		custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
	}
	return custom
}

// choice returns a variable with the values of one label, narrowed by the variables
// before it.
func choice(name, label, query string) Variable {
	return Variable{
		Name: name, Label: label, Type: "query", Query: query, Datasource: source,
		Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: ".*",
	}
}

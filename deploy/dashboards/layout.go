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
}

var source = &datasource{Type: "prometheus", UID: "${datasource}"}

// gridWidth is Grafana's.
const gridWidth = 24

var heights = map[kind]int{timeseries: 8, stat: 4, table: 8}

// arrange lays rows out from top to bottom, the panels of a row side by side in equal
// widths, four stats or three others to a line.
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
		x, height := 0, 0
		width := gridWidth / min(len(r.panels), perLine(r.panels))
		for _, p := range r.panels {
			if x+width > gridWidth {
				x, y = 0, y+height
			}
			height = heights[p.kind]
			drawn := p.draw(len(panels) + 1)
			drawn.GridPos = gridPos{H: height, W: width, X: x, Y: y}
			panels = append(panels, drawn)
			x += width
		}
		y += height
	}
	return panels
}

func perLine(panels []panel) int {
	if panels[0].kind == stat {
		return 6
	}
	return 3
}

func (p panel) draw(id int) Panel {
	zero := 0.0
	drawn := Panel{
		ID: id, Type: string(p.kind), Title: p.title, Description: p.description, Datasource: source,
		FieldConfig: &fieldConfig{Defaults: fieldDefaults{Unit: p.unit, Min: &zero}, Overrides: []any{}},
	}
	for i, q := range p.queries {
		target := Target{RefID: string(rune('A' + i)), Expr: q.expr, LegendFormat: q.legend, Exemplar: q.exemplar, Range: true}
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
		drawn.Options = map[string]any{"sortBy": []any{map[string]any{"displayName": "Value", "desc": true}}}
		drawn.Transformations = []transformation{{ID: "organize", Options: map[string]any{"excludeByName": map[string]bool{"Time": true}}}}
	}
	return drawn
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

using System.Globalization;
using System.Net;
using System.Text;

namespace RaftLog.Jepsen.Reporting;

/// <summary>Faults as bands over throughput, latency and how far readers are behind, as SVG.</summary>
internal sealed class TimelineChart(RunFigures figures, IReadOnlyList<FaultSpan> faults)
{
    private const int Width = 1060;
    private const int Left = 60;
    private const int PanelHeight = 170;
    private const int Gap = 40;
    private static readonly string[] Colours =
    [
        "#fbd5d5",
        "#fde6c8",
        "#fbf3c0",
        "#d8efd3",
        "#cdeef0",
        "#d3e0fb",
        "#e3d6f7",
        "#f7d6ec",
        "#e2e2e2",
    ];

    private readonly StringBuilder _svg = new();

    public string Render()
    {
        int height = (3 * PanelHeight) + (2 * Gap) + 40;
        Append(
            $"<svg viewBox=\"0 0 {Width + Left + 10} {height}\" role=\"img\" aria-label=\"faults over throughput, latency and the lag "
                + $"of readers\">"
        );
        Bands(height - 40);
        double top = Math.Max(1, Math.Max(figures.Acknowledged.Max(), figures.Unknown.Max()));
        Axis(0, "acknowledged per second", top, each => each.ToString("0", CultureInfo.InvariantCulture));
        Line(0, second => figures.Acknowledged[second] / top, "#1a73e8");
        Line(0, second => figures.Unknown[second] == 0 ? null : figures.Unknown[second] / top, "#b3261e");
        Quantiles(1, "latency in ms (log): median, 99 %, longest", figures.Latency);
        Quantiles(2, "how far polls are behind what others know, in ms (log): median, 99 %, longest", figures.ReadLagMs);
        Legend(height - 16);
        return _svg.Append(
                "</svg><p class=\"small\">Blue: acknowledged; red: without an outcome. Green, orange, grey: median, 99 %, longest of "
                    + "each second. A reader that begins at the beginning is behind by as much as the log is old.</p>"
            )
            .ToString();
    }

    // A culture cannot change this: the program runs without any (InvariantGlobalization).
    private void Append(string text) => _svg.Append(text);

    private void Quantiles(int panel, string title, Func<int, double, double?> quantileOf)
    {
        double most = Math.Max(1, Enumerable.Range(0, figures.Seconds).Max(each => quantileOf(each, 1) ?? 0));
        double Scale(double ms) => Math.Log10(1 + ms) / Math.Log10(1 + most);
        Axis(panel, title, most, each => (Math.Pow(1 + most, each / most) - 1).ToString("0", CultureInfo.InvariantCulture));
        Line(panel, second => quantileOf(second, 0.5) is { } ms ? Scale(ms) : null, "#17713a");
        Line(panel, second => quantileOf(second, 0.99) is { } ms ? Scale(ms) : null, "#e8710a");
        Line(panel, second => quantileOf(second, 1) is { } ms ? Scale(ms) : null, "#9aa0a6");
    }

    private double X(double seconds) => Left + (seconds / figures.Seconds * Width);

    private string ColourOf(string kind)
    {
        List<string> kinds = [.. faults.Select(each => each.Kind).Distinct().Order(StringComparer.Ordinal)];
        return Colours[kinds.IndexOf(kind) % Colours.Length];
    }

    private void Bands(int bottom)
    {
        foreach (FaultSpan fault in faults)
        {
            double from = X(fault.FromUs / 1e6);
            double width = Math.Max(1, X(fault.ToUs / 1e6) - from);
            Append(
                $"<rect x=\"{from:0.0}\" y=\"0\" width=\"{width:0.0}\" height=\"{bottom}\" fill=\"{ColourOf(fault.Kind)}\" "
                    + $"opacity=\".8\"><title>{WebUtility.HtmlEncode(fault.What)}</title></rect>"
            );
        }
    }

    private void Axis(int panel, string title, double top, Func<double, string> label)
    {
        int y = panel * (PanelHeight + Gap);
        Append(
            $"<rect x=\"{Left}\" y=\"{y}\" width=\"{Width}\" height=\"{PanelHeight}\" fill=\"none\" stroke=\"#bdc1c6\"/><text "
                + $"x=\"{Left + 6}\" y=\"{y + 14}\" fill=\"#5f6368\">{title}</text>"
        );
        for (int i = 0; i <= 2; i++)
        {
            Append(
                $"<text x=\"{Left - 6}\" y=\"{y + PanelHeight - (PanelHeight * i / 2.0) + 4:0.0}\" "
                    + $"text-anchor=\"end\">{label(top * i / 2)}</text>"
            );
        }

        for (int i = 0; i <= 6; i++)
        {
            double seconds = figures.Seconds * i / 6.0;
            Append($"<text x=\"{X(seconds):0.0}\" y=\"{y + PanelHeight + 14}\" text-anchor=\"middle\">{seconds:0} s</text>");
        }
    }

    private void Line(int panel, Func<int, double?> valueAt, string colour)
    {
        int bottom = (panel * (PanelHeight + Gap)) + PanelHeight;
        bool isDown = false;
        Append($"<path fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.3\" d=\"");
        for (int second = 0; second < figures.Seconds; second++)
        {
            if (valueAt(second) is not { } value)
            {
                isDown = false;
                continue;
            }

            Append($"{(isDown ? 'L' : 'M')}{X(second + 0.5):0.0} {bottom - (value * (PanelHeight - 20)):0.0}");
            isDown = true;
        }

        _svg.Append("\"/>");
    }

    private void Legend(int y)
    {
        double x = Left;
        foreach (string kind in faults.Select(each => each.Kind).Distinct().Order(StringComparer.Ordinal))
        {
            Append(
                $"<rect x=\"{x:0}\" y=\"{y - 10}\" width=\"14\" height=\"12\" fill=\"{ColourOf(kind)}\"/><text x=\"{x + 18:0}\" "
                    + $"y=\"{y}\">{kind}</text>"
            );
            x += 40 + (kind.Length * 7);
        }
    }
}

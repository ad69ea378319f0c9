using System.Text;

namespace RaftLog.Cli.Output;

/// <summary>Rows under headings, each column as wide as its widest value.</summary>
internal sealed class Table(params string[] headings)
{
    private const int Gap = 2;

    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row.</summary>
    public void Add(params string[] values) => _rows.Add(values);

    /// <summary>The table as text that ends with a line break.</summary>
    public override string ToString()
    {
        int[] widths = [.. headings.Select((heading, column) => _rows.Select(row => row[column].Length).Append(heading.Length).Max())];
        StringBuilder text = new();
        foreach (string[] row in _rows.Prepend(headings))
        {
            for (int column = 0; column < row.Length; column++)
            {
                bool isLast = column == row.Length - 1;
                text.Append(isLast ? row[column] : row[column].PadRight(widths[column] + Gap));
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}

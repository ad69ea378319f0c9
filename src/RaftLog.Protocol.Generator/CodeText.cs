using System;
using System.Text;

namespace RaftLog.Protocol.Generator;

/// <summary>C# text under construction, with indentation.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder _text = new();
    private int _depth;

    /// <summary>Appends a line; an empty one separates.</summary>
    public void Line(string line = "")
    {
        if (line.Length > 0)
        {
            _text.Append(' ', _depth * 4).Append(line);
        }

        _text.Append('\n');
    }

    /// <summary>Appends a line and opens a block under it.</summary>
    public void Open(string line)
    {
        Line(line);
        OpenBlock();
    }

    /// <summary>Opens a block of its own.</summary>
    public void OpenBlock()
    {
        Line("{");
        _depth++;
    }

    /// <summary>Closes the innermost block.</summary>
    public void Close()
    {
        _depth--;
        Line("}");
    }

    /// <summary>Appends what <paramref name="inner"/> writes, in a block under a condition when there is one.</summary>
    /// <param name="condition">A C# condition, or empty for always.</param>
    /// <param name="inner">Writes the content.</param>
    public void When(string condition, Action inner)
    {
        if (condition.Length == 0)
        {
            inner();
            return;
        }

        Open($"if ({condition})");
        inner();
        Close();
    }

    /// <summary>Appends an XML summary.</summary>
    public void Summary(string doc) =>
        Line("/// <summary>" + doc.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;") + "</summary>");

    public override string ToString() => _text.ToString();
}

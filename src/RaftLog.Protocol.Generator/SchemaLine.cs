using System;
using System.Collections.Generic;

namespace RaftLog.Protocol.Generator;

/// <summary>One line of a schema file, taken apart into indentation, words and comment.</summary>
internal sealed class SchemaLine
{
    private SchemaLine(int number, int indent, string[] words, string doc)
    {
        Number = number;
        Indent = indent;
        Words = words;
        Doc = doc;
    }

    /// <summary>From 0.</summary>
    public int Number { get; }

    /// <summary>The number of spaces before the first word.</summary>
    public int Indent { get; }

    /// <summary>Empty on a line that holds only a comment.</summary>
    public string[] Words { get; }

    /// <summary>The comment without its sign.</summary>
    public string Doc { get; }

    /// <summary>Splits a file; blank lines are left out.</summary>
    public static List<SchemaLine> Split(string text)
    {
        List<SchemaLine> lines = new();
        string[] raw = text.Replace("\r", "").Split('\n');
        for (int i = 0; i < raw.Length; i++)
        {
            string line = raw[i].TrimEnd();
            if (line.Length == 0)
            {
                continue;
            }

            string content = line.TrimStart(' ');
            int comment = CommentStart(content);
            string doc = comment < 0 ? "" : content.Substring(comment + 1).Trim();
            string code = comment < 0 ? content : content.Substring(0, comment);
            string[] words = code.Split(new[] { ' ', '\t' }, StringSplitOptions.RemoveEmptyEntries);
            lines.Add(new SchemaLine(i, line.Length - content.Length, words, doc));
        }

        return lines;
    }

    private static int CommentStart(string content)
    {
        for (int i = 0; i < content.Length; i++)
        {
            if (content[i] == '#' && (i == 0 || content[i - 1] is ' ' or '\t'))
            {
                return i;
            }
        }

        return -1;
    }
}

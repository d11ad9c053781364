"""The monthly report of an evaluation: a page, a workbook and a PDF, made once from what is published."""

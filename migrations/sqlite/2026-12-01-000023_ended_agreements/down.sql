-- They are members still, and read again when it is agreed again.
SELECT 1;
